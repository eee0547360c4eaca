"""Two lists of columns against each other, and how the values of each pair are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal

from rocky_action.domain.diff import Column, SchemaDiff, TypeChange
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.rowdiff.common_types import (
    TEXT,
    ZONED,
    Comparable,
    comparable,
    is_number,
    is_short,
    readable,
    scale,
    widest,
)
from rocky_action.rowdiff.portable_types import text_of

MOST_SHOWN = 2_000
"""Characters of one value that are brought here."""
_PLAIN = ModelOptions()
_DIGITS = Context(prec=400, rounding=ROUND_DOWN)
"""Room for every DOUBLE, written out."""


@dataclass(frozen=True)
class TextRules:
    """What does not count when text is compared."""

    ignore_case: bool = False
    ignore_trailing_blanks: bool = False
    as_json: bool = False

    @property
    def sayings(self) -> tuple[tuple[str, str], ...]:
        """Each rule that is on: its option, and what it means."""
        every = (
            (self.as_json, "json_columns", "text that is JSON was compared by value"),
            (self.ignore_case, "ignore_case", "upper and lower case count as equal"),
            (self.ignore_trailing_blanks, "ignore_trailing_blanks", "blanks at the end do not count"),
        )
        return tuple((option, meaning) for is_on, option, meaning in every if is_on)


@dataclass(frozen=True)
class ColumnPair:
    """A column that both sides have. ``position`` names it in our SQL, where no name of a user's appears.

    The methods write SQL about values of one side, given as the SQL that reads them.
    """

    position: int
    base: Column
    head: Column
    comparable: Comparable
    tolerance: Tolerance | None = None
    rules: TextRules = TextRules()

    @property
    def name(self) -> str:
        """Head's spelling of the name."""
        return self.head.name

    @property
    def takes_tolerance(self) -> bool:
        """True for numbers."""
        return is_number(self.comparable.type)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about the yardstick, besides the tolerance."""
        found = [self.comparable.caveat] if self.comparable.caveat else []
        for option, meaning in self.rules.sayings:
            unused = f"{option} was not used: {self.comparable.type} is not text"
            found.append(meaning if self.comparable.textual else unused)
        return tuple(f"{self.name}: {note}" for note in found)

    @property
    def tolerance_note(self) -> str | None:
        """What the tolerance allows, or why it does not count; None without one."""
        if self.tolerance is None:
            return None
        if not self.takes_tolerance:
            return f"the tolerance for {self.name} was not used: {self.comparable.type} is not a number"
        absolute, share = f"{self.tolerance.absolute:g}", f"{100 * self.tolerance.relative:g} % of the larger one"
        allowed = absolute if not self.tolerance.relative else share
        if self.tolerance.absolute and self.tolerance.relative:
            allowed = f"{absolute} or {share}, whichever is more,"
        return f"{self.name}: numbers up to {allowed} apart count as equal"

    def comparand(self, value: str) -> str:
        """The value as it is compared, grouped, joined and sorted. Never fails on data; NULL for NULL only."""
        if not (self.comparable.textual and self.rules.sayings):
            return self.comparable.form.format(v=value)
        text_ = f"CAST({value} AS {TEXT})"
        if self.rules.as_json:
            text_ = f"coalesce(TRY(json_normalize({text_})), {text_})"
        if self.rules.ignore_trailing_blanks:
            text_ = f"rtrim({text_}, ' ')"
        if self.rules.ignore_case:
            text_ = f"lower({text_})"
        return f"({text_} COLLATE posix)"

    def hashable(self, value: str) -> str:
        """What a checksum must hash instead of the value: there is one for every type.

        Values that ``differs`` tells apart without a tolerance never share it, so that only a collision of 64 bits
        could hide them; DuckDB's hash of the value itself takes [] for NULL, and -1 for 0 in 128 bits. For numbers of
        36 digits and more a collision is a matter of 53 bits.

        Equal values may have two: -0.0 and 0.0 inside a nested value. So checksums that agree are a proof, and those
        that do not are a reason to look.
        """
        return self.comparable.hashed.format(v=self.comparand(value))

    def differs(self, base: str, head: str) -> str:
        """A condition, never NULL: the two values are not the same, NULL being a value like any other.

        NaN is like itself only, an infinity too. A tolerance is for finite numbers: they are the same if they are at
        most ``max(absolute, relative * max(|base|, |head|))`` apart. Exact numbers are subtracted exactly; a relative
        allowance is reckoned in DOUBLE.
        """
        left, right = self.comparand(base), self.comparand(head)
        distinct = f"{left} IS DISTINCT FROM {right}"
        if not self.takes_tolerance or self.tolerance in (None, Tolerance()):
            return f"({distinct})"
        return f"({distinct} AND NOT coalesce({self._near(left, right)}, FALSE))"

    def _near(self, left: str, right: str) -> str:
        """NULL or false where one of the two is NULL."""
        allowed = self.tolerance or Tolerance()
        doubles = [f"CAST({value} AS DOUBLE)" for value in (left, right)]
        larger = f"greatest({', '.join(f'abs({double})' for double in doubles)})"
        share = f"{_double(allowed.relative)} * {larger}"
        apart = f"abs({' - '.join(doubles)})"
        places = scale(self.comparable.type)
        if places is None:
            finite = " AND ".join(f"isfinite({double})" for double in doubles)
            return f"({finite} AND {apart} <= greatest({_double(allowed.absolute)}, {share}))"
        wide = widest(self.comparable.type)
        first, second = f"CAST({left} AS {wide})", f"CAST({right} AS {wide})"
        # Unsigned numbers have no negative difference; one that is too wide for any type is NULL.
        exact = f"TRY(CASE WHEN {first} > {second} THEN {first} - {second} ELSE {second} - {first} END)"
        near = f"coalesce({exact} <= CAST('{_floor(allowed.absolute, places)}' AS {wide}), FALSE)"
        if not allowed.relative:
            return near
        return f"({near} OR coalesce(CAST({exact} AS DOUBLE), {apart}) <= {share})"


def text(value: str, type_: str = TEXT) -> str:
    """A value of a type as a person reads it, as SQL: moments with a zone in UTC whatever the session's zone."""
    return text_of(value, type_) or (readable(value) if type_ in ZONED else f"CAST({value} AS {TEXT})")


def shown(value: str, type_: str = TEXT) -> str:
    """The same for values to be brought here: of a long text its beginning, its length, and what tells it from others.

    However long values are, so many of them fit into memory; and two that differ do so in what is left of them.
    """
    whole = text(value, type_)
    if is_short(type_):
        return whole
    rest = f"' … (' || CAST(length({whole}) AS {TEXT}) || ' characters, MD5 ' || md5({whole}) || ')'"
    return f"CASE WHEN length({whole}) > {MOST_SHOWN} THEN left({whole}, {MOST_SHOWN}) || {rest} ELSE {whole} END"


def _double(number: float) -> str:
    return f"CAST('{number!r}' AS DOUBLE)"


def _floor(number: float, places: int) -> str:
    """A number cut to so many places: no difference of numbers with that many lies between it and the number.

    One that no type could hold is cut to what all can hold, which is more than values in use are apart.
    """
    step = Decimal(1).scaleb(-places)
    widest_of_all = _DIGITS.subtract(Decimal(10).scaleb(37 - places), step)
    return f"{min(_DIGITS.quantize(Decimal(repr(number)), step), widest_of_all):f}"


def diff_schemas(base: Sequence[Column], head: Sequence[Column]) -> SchemaDiff:
    """Columns added, removed, of another type or in another order. Case of names does not matter."""
    matches = _match(base, head)
    in_base = [left.name for left, _ in matches]
    in_head = {right.name for _, right in matches}
    places = [column.name for column in base if column.name in set(in_base)]
    return SchemaDiff(
        added=tuple(column for column in head if column.name not in in_head),
        removed=tuple(column for column in base if column.name not in set(in_base)),
        type_changes=tuple(
            TypeChange(right.name, left.type, right.type) for left, right in matches if left.type != right.type
        ),
        reordered=in_base != places,
    )


def pair_columns(
    base: Sequence[Column],
    head: Sequence[Column],
    *,
    options: ModelOptions = _PLAIN,
    form: Callable[[str, str], Comparable] = comparable,
) -> tuple[ColumnPair, ...]:
    """The columns that both sides have, in head's order, compared as the options say; case of names does not matter.

    ``form`` tells from two types how their values are compared.
    """
    allowed = {name.lower(): tolerance for name, tolerance in options.tolerances}
    cases, blanks, json = (
        {name.lower() for name in names}
        for names in (options.ignore_case, options.ignore_trailing_blanks, options.json_columns)
    )
    return tuple(
        ColumnPair(
            position,
            left,
            right,
            form(left.type, right.type),
            allowed.get(right.name.lower()),
            TextRules(*(right.name.lower() in chosen for chosen in (cases, blanks, json))),
        )
        for position, (left, right) in enumerate(_match(base, head))
    )


def _match(base: Sequence[Column], head: Sequence[Column]) -> list[tuple[Column, Column]]:
    """Pairs in head's order: the same spelling first, so that names which differ in case only stay apart."""
    spelled = {column.name: column for column in base}
    exact = {column.name for column in head if column.name in spelled}
    folded = {column.name.lower(): column for column in base if column.name not in exact}
    pairs: list[tuple[Column, Column]] = []
    for column in head:
        partner = spelled[column.name] if column.name in exact else folded.pop(column.name.lower(), None)
        if partner is not None:
            pairs.append((partner, column))
    return pairs
