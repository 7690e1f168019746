"""What must always hold, in words, and the report of what did not."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override

INVARIANTS: dict[str, str] = {
    "acknowledged is stored": "what was answered with 2xx is in the journal when the answer is sent, and ever after",
    "refused only in need": "a good delivery is refused only while the disk is full",
    "done by a run": "a delivery that is done is named in the record of a run that covered it",
    "once": "a delivery id is in one record for an issue",
    "one record for a run": "finished runs and records are the same set, and each id is there once",
    "no run is left half": "no run stays unfinished, no intent unsettled, once everything is done",
    "one look at a time": "never two looks at one issue at once",
    "counted": "the start of a look is in the journal before it begins, so that one that kills the process is known",
    "wanted": "every write is one that the engine wants on what GitHub really holds",
    "minimal": "no write is a no-op on what its look had read",
    "looks afresh": "a run that succeeds has read the issue itself",
    "nothing left to do": "after a successful run nobody else touched, the engine wants nothing more",
    "additive": "labels are never replaced as a whole",
    "outside untouched": "labels and milestones nobody declared are never written",
    "closed milestones": "a closed milestone is never assigned",
    "said once": "a comment is never posted twice",
    "explainable": "an intent is in the journal before every write",
    "own writes": "the App's own deliveries are ignored",
    "no loops": "the same write is made to one issue only a few times in ten minutes",
    "spacing": "writes of an installation are at least a second apart",
    "obeys waits": "nothing is asked while GitHub wants to be left alone",
    "backs off": "trouble is not answered with a hail of requests",
    "method kept": "a redirected request arrives with its own method",
    "narrowed": "a token is asked for one repository and no more permissions than a run needs",
    "refused tokens": "a token that was refused is not used for long",
    "paused": "a suspended installation is left alone",
    "no unexplained failure": "a run fails only where GitHub really refused something",
    "gone only where gone": "an issue is taken for gone only where it is",
    "given up only with reason": "a delivery is given up only after the bound",
    "bounded deaths": "an issue that kills the process is given up after a bound",
    "redelivery reopens": "a delivery that was given up is tried again when it comes again",
    "contained": "the service does not end by itself, whatever arrives",
    "nothing missed": "what GitHub's log still holds is in the journal after a survey",
    "telemetry complete": "the sink has every record exactly once, each a whole line",
    "alive": "once faults stop, everything is done within the time given",
    "converged": "once faults stop, every issue is as the engine wants it, by deliveries alone",
    "idempotent": "a sweep after that writes nothing",
    "sweeps end": "once faults stop, no sweep is left unfinished",
    "sweep complete": "a sweep looks at every open issue of every repository, each once, and leaves a record for each",
    "nightly once": "a night has one sweep at most",
    "absence covered": "after an absence, however long, every open issue is as the engine wants it",
    "gap named": "a sweep covers what the log forgot, and nothing else needs one",
    "polled": "without any webhook every changed issue is looked at, closed ones too",
    "polling is cheap": "asking while nothing moves writes nothing and opens no lane",
    "kept": "nothing that waits, is young, or is not in every sink is ever removed",
    "over is gone": "what is over is removed",
    "silent while suspended": "nothing is asked for a suspended installation, not even a token, and all is done afterwards",
    "uninstalled is over": "where the App is uninstalled, what waits is dropped with a reason, and nothing is asked again",
    "installed anew": "where the App is installed again, every open issue is as the engine wants it",
    "moves are followed": "a repository that moved to another account is looked at there, what waited before included",
    "same name, another place": "a repository made anew under an old name is looked at as itself; what waited is dropped",
    "standing": "once faults stop, what is known of installations is what GitHub says",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken."""

    invariant: str
    what: str
    delivery: int

    @override
    def __str__(self) -> str:
        return f"{self.invariant}: {self.what} (at delivery {self.delivery})"
