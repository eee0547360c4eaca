"""One node of a query's tree as its author wrote it: a kind and parts, compared by a digest of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Node:
    """A kind of syntax with its parts, in the order of the text.

    The digest stands for the whole tree: comparing and sorting cost the same however large a tree is, and need no
    recursion however deep it is.
    """

    kind: str
    parts: tuple[Node | str, ...]
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        pieces = []
        for part in (self.kind, *self.parts):
            if isinstance(part, str):
                text = part.encode("utf-8", "surrogatepass")
                pieces.append(b"s%d:%b" % (len(text), text))
            else:
                pieces.append(b"n" + part.digest)
        object.__setattr__(self, "digest", blake2b(b"".join(pieces), digest_size=16).digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.parts))})"

    def __bool__(self) -> bool:
        return self.kind != "nothing"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The parts that are nodes; which parts are is said by the kind, so to unpack them is to check the kind."""
        return tuple(part for part in self.parts if isinstance(part, Node))

    @property
    def texts(self) -> tuple[str, ...]:
        """The parts that are text."""
        return tuple(part for part in self.parts if isinstance(part, str))

    def walk(self) -> Iterator[Node]:
        """This node and all below it, without recursion."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.nodes)

    def over(self, change: Callable[[Node], Node]) -> Node:
        """The same node with each part that is a node changed."""
        parts = tuple(change(part) if isinstance(part, Node) else part for part in self.parts)
        same = all(new is old for new, old in zip(parts, self.parts, strict=True))
        return self if same else Node(self.kind, parts)


NOTHING = Node("nothing", ())
"""A clause that is not there."""


def node(kind: str, *parts: Node | str) -> Node:
    """A node of these parts."""
    return Node(kind, parts)


def many(kind: str, parts: list[Node]) -> Node:
    """A node of any number of nodes."""
    return Node(kind, tuple(parts))


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for tables of words that would be pages as lists of strings."""
    return frozenset(text.split())
