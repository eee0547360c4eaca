"""The sticky comment: one per pull request and marker, whatever happens between request and answer.

A comment is ours when we wrote it and its first line is the marker; a marker that somebody quotes is not. Somebody may
have hidden ours (GitHub calls it minimized): an update leaves it hidden, because a person decided that. What is about a
later commit stays: a slow run's report does not cover it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rocky_action.domain.pull_request import PullRequest
from rocky_action.errors import ForgeError
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import text
from rocky_action.forges.refusals import BadCredentialsError, NoAnswerError, RateLimitedError, RefusedError
from rocky_action.forges.stamps import Stamp, last_hidden, read_stamp, stamped, without_last_hidden

ROUNDS = 4
SECONDS_OF_REPLICA_LAG = 2.5
SECONDS_OF_A_LOOK = 2.0
"""A look that is older says nothing any more of what other runs have written."""
RACE = timedelta(minutes=5)
LONGEST = 65_000
"""Code points. GitHub's message says 65,536; a few are left for what GitHub may count otherwise."""
SHORTEST = 500

MOST_WITNESSED = 10
"""Comments that begin with the marker and are asked about: ours is among the first."""

Body = Callable[[int], str]
"""The text to say in at most so many code points."""


@dataclass(frozen=True)
class Continued:
    """A body that takes up what our comment has said before.

    ``first`` is said where nothing can be relied on: there is no comment of ours, somebody else has edited it, or
    GitHub does not say who has. Otherwise ``after`` makes of the comment's text what is said instead.
    """

    first: Body
    after: Callable[[str], Body]


@dataclass(frozen=True)
class OfRun:
    """A body that says which run it is of; one without a stamp is written whatever the comment is about."""

    body: Body | Continued
    stamp: Stamp | None


Said = Body | Continued | OfRun


@dataclass(frozen=True)
class Posted:
    """The comment is there. ``created`` is true when this run made it and false when it rewrote one."""

    url: str
    created: bool


@dataclass(frozen=True)
class NotPosted:
    """The comment is not there, and the data is not to blame."""

    reason: str
    advice: str


@dataclass(frozen=True)
class Outdated:
    """The comment is there and about a later commit than this run's, so it stays as it is."""

    url: str
    commit: str


CommentResult = Posted | NotPosted | Outdated


class _OvertakenError(ForgeError):
    """A later commit's report has been written while ours was waiting for GitHub."""

    def __init__(self) -> None:
        super().__init__("a later commit's report is there by now", advice="")


def upsert_comment(
    github: GitHub, *, owner: str, repository: str, number: int, marker: str, body: Said
) -> CommentResult:
    """Makes the pull request's one comment with this marker say ``body``, which gets the marker if it lacks it.

    Raises ForgeError only for a token that GitHub does not know; all else that can go wrong is a NotPosted.
    """
    try:
        return _Sticky(github, route("repos", owner, repository), number=number, marker=marker, said=body).settle()
    except BadCredentialsError:
        raise
    except ForgeError as err:
        return NotPosted(err.message, err.advice)


def withdraw_report(
    github: GitHub, pull_request: PullRequest, *, marker: str, stamp: Stamp, body: Callable[[str | None], str]
) -> str | None:
    """Writes ``body`` over a report about an earlier commit than this run's, and over nothing else; its address if so.

    For a run that has no report, so that the old one does not look as if it were about this run's commit. ``body`` is
    told the pull request's head, None where GitHub does not say. What the comment has hidden at its end stays there,
    unless somebody else has edited the comment: then it would look as if it were ours. Creates and deletes nothing.
    Raises ForgeError.
    """
    place, number = route("repos", pull_request.owner, pull_request.repository), pull_request.number
    head = _head(github, f"{place}/pulls/{number}")
    said = OfRun(Continued(lambda _: body(head), lambda before: _above(body(head), last_hidden(before))), stamp)
    return _Sticky(github, place, number=number, marker=marker, said=said).withdraw()


def _above(text: str, hidden: str) -> Body:
    """A text with something hidden at its end, if there is room for it."""
    return lambda limit: f"{text}\n{hidden}\n" if hidden and len(text) + len(hidden) < limit - 2 else text


def _head(github: GitHub, pull: str) -> str | None:
    """A pull request's head commit, None where GitHub does not say."""
    with suppress(NoAnswerError, RateLimitedError, RefusedError):
        return text(github.get(pull), "head", "sha") or None
    return None


def _is_marked(body: str, marker: str) -> bool:
    return body == marker or body.startswith((f"{marker}\n", f"{marker}\r\n"))


@dataclass(frozen=True)
class _Comment:
    id: int
    url: str
    body: str
    author: str
    node: str = ""


class _Sticky:
    """One comment to be: where it belongs, what it has to say, and what is known of what is there."""

    def __init__(self, github: GitHub, place: str, *, number: int, marker: str, said: Said) -> None:
        self._github = github
        self._issues = f"{place}/issues"
        self._thread = f"{self._issues}/{number}/comments"
        self._pull = f"{place}/pulls/{number}"
        self._marker = marker
        self._stamp = said.stamp if isinstance(said, OfRun) else None
        body = said.body if isinstance(said, OfRun) else said
        self._continued = body if isinstance(body, Continued) else None
        self._body = body.first if isinstance(body, Continued) else body
        self._untouched: Mapping[str, str] = {}
        self._limit = LONGEST
        self._text = self._within(LONGEST)
        self._seen: dict[int, _Comment] = {}
        self._gone: set[int] = set()  # a replica may list a deleted comment for a while
        self._seen_at: datetime | None = None
        self._looked_at = 0.0
        self._theirs: str | None = None
        self._author: str | None = None

    def settle(self) -> Posted | Outdated:
        """Leaves one comment of ours with our body: the lowest id, so that runs that race choose the same one.

        Where one of ours is about a later commit, it is its body that is left, so that these runs agree on that too.
        """
        created = False
        self._look()
        for tried in range(ROUNDS):
            mine = self._mine()
            if not mine:
                self._create()
                created = True
                continue
            kept, *superfluous = mine
            later = self._later(mine)
            # another comment's hidden end may be anybody's edit, which our account would vouch for
            self._theirs = None if later is None else later.body if later is kept else without_last_hidden(later.body)
            if later is None:
                self._take_up(kept)
            is_new = created and kept.body == self._text
            if not is_new and kept.body != self._theirs:
                if tried == 0 and self._is_long_ago:
                    self._look()
                    continue
                if not self._update(kept):
                    continue
            self._delete(superfluous)
            about = read_stamp(later.body) if later else None
            return Outdated(kept.url, about.commit) if about else Posted(kept.url, is_new)
        raise NoAnswerError("the comment vanishes as often as it is written")

    def withdraw(self) -> str | None:
        """Writes our body over a report of an earlier commit; its address, None if there is none."""
        self._look()
        mine = self._mine()
        stamps = [read_stamp(comment.body) for comment in mine]
        if not mine or not all(stamp and stamp.is_before(self._stamp) for stamp in stamps):
            return None
        self._take_up(mine[0])
        return mine[0].url if self._update(mine[0]) else None

    def _later(self, mine: list[_Comment]) -> _Comment | None:
        """That of ours which is about the latest commit after this run's, None if there is none.

        A run that was numbered later may be about an earlier commit, once somebody has pushed that one again: what the
        pull request's head is, is never outdated.
        """
        later = [
            (stamp.run, comment)
            for comment in mine
            if self._stamp and (stamp := read_stamp(comment.body)) and self._stamp.is_before(stamp)
        ]
        return max(later, key=lambda one: one[0])[1] if later and not self._is_head else None

    @property
    def _is_head(self) -> bool:
        """Whether this run's commit is known to be the pull request's head."""
        return self._stamp is not None and _head(self._github, self._pull) == self._stamp.commit

    def _mine(self) -> list[_Comment]:
        """Our comments with the marker, lowest id first. Who we are is asked only where somebody wrote the marker."""
        marked = [comment for comment in self._seen.values() if comment.id not in self._gone]
        if not marked:
            return []
        author = self._author or self._asked_who(marked)
        mine = (self._seen[comment.id] for comment in marked if comment.author == author)
        return sorted(mine, key=lambda comment: comment.id)

    def _asked_who(self, marked: list[_Comment]) -> str:
        """Our name, and with the same request who has written what these comments say now."""
        if self._continued is None and self._stamp is None:
            return self._github.login
        nodes = sorted((comment.id, comment.node) for comment in marked if comment.node)
        found = self._github.introduce([node for _, node in nodes[:MOST_WITNESSED]])
        self._untouched = untouched(found.comments)
        now = {text(one, "id"): text(one, "body") for one in found.comments}
        for comment in marked:  # the list is a request older
            if _is_marked(body := now.get(comment.node, ""), self._marker):
                self._seen[comment.id] = replace(comment, body=body)
                self._looked_at = self._github.patience.clock()
        self._author = found.login
        return found.login

    def _take_up(self, comment: _Comment) -> None:
        """Goes on from what our comment says, if it is as we have left it; once."""
        continued, self._continued = self._continued, None
        if continued is not None and comment.node in self._untouched:
            self._body = continued.after(self._untouched[comment.node])
            self._text = self._within(self._limit)

    def _look(self) -> None:
        """Lists all comments, and from the second time on those that were written since the first."""
        query: dict[str, str] = {}
        if self._seen_at is not None:
            query["since"] = (self._seen_at - RACE).strftime("%Y-%m-%dT%H:%M:%SZ")
        listed = [_comment(item) for item in self._github.pages(self._thread, **query)]
        if self._seen_at is None and self._github.answered_at is not None:
            self._seen_at = self._github.answered_at.astimezone(UTC)
        self._seen |= {comment.id: comment for comment in listed if _is_marked(comment.body, self._marker)}
        self._looked_at = self._github.patience.clock()

    @property
    def _is_long_ago(self) -> bool:
        """Whether another run may have written since the look; of no matter to a body that no run's is later than."""
        return self._stamp is not None and self._github.patience.clock() - self._looked_at > SECONDS_OF_A_LOOK

    def _look_again(self) -> None:
        """Before the body is sent once more: it may have waited for a minute, and other runs have not."""
        if self._stamp is None:
            return
        self._look()
        if self._later(self._mine()):
            raise _OvertakenError

    def _create(self) -> None:
        """Creates the comment and looks what else there is now.

        When GitHub did not answer, the comment may be there all the same: then only a look tells.
        """
        try:
            created = _written(self._write(lambda said: self._github.post(self._thread, said)))
        except NoAnswerError:
            if not self._github.patience.wait(SECONDS_OF_REPLICA_LAG):
                raise
            self._look()
            return
        self._author = created.author  # whatever we took ourselves for before
        with suppress(NoAnswerError, RateLimitedError, RefusedError):
            self._look()  # ours is there; a duplicate that nobody sees now is the next run's to delete
        self._seen[created.id] = _Comment(created.id, created.url, self._text, created.author)

    def _update(self, comment: _Comment) -> bool:
        """Writes the body over a comment; False if it is gone, or a later commit's report is there by now."""
        path = f"{self._issues}/comments/{comment.id}"
        try:
            self._write(lambda said: self._github.patch(path, said, again=self._look_again))
        except _OvertakenError:
            return False
        except RefusedError as err:
            if err.status != 404:
                raise
            self._gone.add(comment.id)
            self._look()
            return False
        return True

    def _write(self, send: Callable[[dict[str, str]], object]) -> object:
        """Sends the body, half as long each time that GitHub finds it too long. Such a refusal has changed nothing."""
        while True:
            try:
                return send({"body": self._theirs or self._text})
            except RefusedError as err:
                limit = min(self._limit, len(self._text)) // 2
                if not err.is_too_long or limit < SHORTEST:
                    raise
                self._limit, self._text = limit, self._within(limit)

    def _within(self, limit: int) -> str:
        """The body in at most so many code points, below marker and stamp."""
        limit -= len(f"{self._stamp}\n") if self._stamp else 0
        body = self._body(limit)
        whole = (
            body if _is_marked(body, self._marker) else f"{self._marker}\n{self._body(limit - len(self._marker) - 1)}"
        )
        return stamped(whole, self._stamp)

    def _delete(self, superfluous: list[_Comment]) -> None:
        """Deletes duplicates as far as possible: the comment stands, and the next run tries again."""
        for comment in superfluous:
            try:
                self._github.delete(f"{self._issues}/comments/{comment.id}")
            except RefusedError:
                continue  # most likely a run that raced us was faster
            except (NoAnswerError, RateLimitedError):
                return


def untouched(comments: Iterable[object]) -> dict[str, str]:
    """The texts, by node id, of those comments that we have written and nobody else has edited.

    Author and editor are compared with each other, because GraphQL spells the names of bots otherwise than REST. What
    GitHub does not say counts against the comment, and so does an editor whose account is gone.
    """
    found: dict[str, str] = {}
    for comment in comments:
        match comment:
            case {
                "id": str(node),
                "body": str(body),
                "viewerDidAuthor": True,
                "lastEditedAt": edited_at,
                "author": {"__typename": str(), "login": str()} as author,
                "editor": editor,
            } if (edited_at, editor) == (None, None) or (isinstance(edited_at, str) and editor == author):
                found[node] = body
            case _:
                pass
    return found


def _written(answer: object) -> _Comment:
    """The comment that we have just created."""
    comment = _comment(answer)
    if not comment.author:
        raise NoAnswerError("a comment of ours without author")
    return comment


def _comment(data: object) -> _Comment:
    match data:
        case {"id": int(number), "html_url": str(url)}:
            # the author is nobody, once the account is deleted
            return _Comment(number, url, text(data, "body"), text(data, "user", "login"), text(data, "node_id"))
        case _:
            raise NoAnswerError("a comment without id or address")
