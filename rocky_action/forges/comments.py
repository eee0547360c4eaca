"""The sticky comment: one per pull request and marker, whatever happens between request and answer.

A comment is ours when we wrote it and its first line is the marker; a marker that somebody quotes is not. Somebody may
have hidden ours (GitHub calls it minimized): an update leaves it hidden, because a person decided that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rocky_action.errors import ForgeError
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import text
from rocky_action.forges.refusals import BadCredentialsError, NoAnswerError, RateLimitedError, RefusedError

ROUNDS = 4
SECONDS_OF_REPLICA_LAG = 2.5
RACE = timedelta(minutes=5)


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


CommentResult = Posted | NotPosted


def upsert_comment(
    github: GitHub, *, owner: str, repository: str, number: int, marker: str, body: str
) -> CommentResult:
    """Makes the pull request's one comment with this marker say ``body``, which gets the marker if it lacks it.

    Raises ForgeError only for a token that GitHub does not know; all else that can go wrong is a NotPosted.
    """
    if not _is_marked(body, marker):
        body = f"{marker}\n{body}"
    try:
        return _Sticky(github, route("repos", owner, repository, "issues"), number, marker, body).settle()
    except BadCredentialsError:
        raise
    except ForgeError as err:
        return NotPosted(err.message, err.advice)


def _is_marked(body: str, marker: str) -> bool:
    return body == marker or body.startswith((f"{marker}\n", f"{marker}\r\n"))


@dataclass(frozen=True)
class _Comment:
    id: int
    url: str
    body: str
    author: str
    created_at: str


@dataclass(frozen=True)
class _Sticky:
    """One comment to be: where it belongs and what it has to say."""

    github: GitHub
    issues: str
    number: int
    marker: str
    body: str

    def settle(self) -> Posted:
        """Leaves one comment of ours with our body: the lowest id, so that runs that race choose the same one."""
        created = False
        gone: set[int] = set()  # a replica may list a deleted comment for a while
        mine = self.mine()
        for _ in range(ROUNDS):
            mine = [comment for comment in mine if comment.id not in gone]
            if not mine:
                mine = self.create()
                created = True
                continue
            kept, *superfluous = mine
            is_new = created and kept.body == self.body
            if not is_new and not self.update(kept):
                gone.add(kept.id)
                mine = self.mine()
                continue
            self.delete(superfluous)
            return Posted(kept.url, is_new)
        raise NoAnswerError("the comment vanishes as often as it is written")

    def mine(self, **query: str) -> list[_Comment]:
        """Our comments with the marker, lowest id first."""
        listed = map(_comment, self.github.pages(f"{self.issues}/{self.number}/comments", **query))
        ours = [c for c in listed if _is_marked(c.body, self.marker) and c.author == self.github.login]
        return sorted(ours, key=lambda comment: comment.id)

    def create(self) -> list[_Comment]:
        """Creates the comment and lists ours. Empty when GitHub did not answer and nothing has appeared since."""
        try:
            answer = self.github.post(f"{self.issues}/{self.number}/comments", {"body": self.body})
            created = replace(_comment(answer), body=self.body)
        except NoAnswerError:
            if not self.github.patience.wait(SECONDS_OF_REPLICA_LAG):
                raise
            return self.mine()
        try:
            others = [comment for comment in self.mine(**_since(created)) if comment.id != created.id]
        except (NoAnswerError, RateLimitedError, RefusedError):
            others = []  # ours is there; a duplicate, if there is one, is the next run's to delete
        return sorted([created, *others], key=lambda comment: comment.id)

    def update(self, comment: _Comment) -> bool:
        """Writes the body over a comment; False if it is gone."""
        try:
            self.github.patch(f"{self.issues}/comments/{comment.id}", {"body": self.body})
        except RefusedError as err:
            if err.status != 404:
                raise
            return False
        return True

    def delete(self, superfluous: list[_Comment]) -> None:
        """Deletes duplicates as far as possible: the comment stands, and the next run tries again."""
        for comment in superfluous:
            try:
                self.github.delete(f"{self.issues}/comments/{comment.id}")
            except RefusedError:
                continue  # most likely a run that raced us was faster
            except (NoAnswerError, RateLimitedError):
                return


def _comment(data: object) -> _Comment:
    match data:
        case {"id": int(number), "html_url": str(url)}:
            author = text(data, "user", "login")  # nobody, once the account is deleted
            return _Comment(number, url, text(data, "body"), author, text(data, "created_at"))
        case _:
            raise NoAnswerError("a comment without id or address")


def _since(comment: _Comment) -> dict[str, str]:
    """The filter for what was written around the time of a comment, by GitHub's clock; none if it does not say."""
    try:
        moment = datetime.fromisoformat(comment.created_at).astimezone(UTC) - RACE
    except ValueError:
        return {}
    return {"since": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
