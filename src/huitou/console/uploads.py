"""Files that operators upload: kept in a folder of their own, imported beside the pages, their state in a small file.

The state is a file so that any process of the console can show it, and so that a killed import says it was cut off.
Importing a cut-off file again is safe: what is in is a duplicate.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

import structlog

from huitou.events.connectors.base import Options
from huitou.events.connectors.columns import EVENT, TIMES, WHO, Roles
from huitou.events.placing import Question, Unplaced
from huitou.events.reading import FileRefused
from huitou.flows.intake import ToldBroadcast, bring_in
from huitou.flows.refresh import catch_up
from huitou.kit import clock
from huitou.kit.errors import HuitouError, NotFound, Refused
from huitou.kit.settings import settings
from huitou.kit.text import Text

LARGEST = 2 * 1024**3  # bytes
LONGEST = 3_600.0  # seconds an import may hold its turn: ten million rows by two processors
ID = re.compile(r"[0-9a-f]{16}")
UNSAFE = re.compile(r"[^\w.\-()（） ]+")
LONGEST_NAME = 150  # bytes; the file of rejected rows has a longer one, and systems take 255
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # Windows takes them for devices
CONTENT = "content"  # beside the state: no name of an operator's meets one of ours
SHOWN = 20  # uploads on the page

_turns = threading.BoundedSemaphore(2)  # each import may take memory of its own

log = structlog.get_logger(__name__)


class Reason(TypedDict):
    """Why rows were rejected, and how many."""

    text: Mapping[str, str]
    rows: int


@dataclass(frozen=True)
class Upload:
    """One uploaded file and what became of it. `state`: running | done | asks | refused | cut_off."""

    id: str
    name: str
    size: int
    at: int
    by: str
    state: str = "running"
    rows: int = 0
    format: str = ""
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    rejected_file: str = ""
    reasons: list[Reason] = field(default_factory=list)
    consents: dict[str, int] = field(default_factory=dict)  # given, not_given, withdrawn
    mapping: dict[str, str] = field(default_factory=dict)  # role -> column, as it was guessed
    notes: list[dict[str, str]] = field(default_factory=list)  # of the file as a whole: sheets left aside
    problem: dict[str, str] = field(default_factory=dict)
    language: str = "zh"  # of who uploaded it: what the file of rejected rows says
    columns: list[str] = field(default_factory=list)  # of a table nobody could make out
    missing: str = ""  # the code of what could not be made out
    question: dict[str, Any] = field(default_factory=dict)  # of the broadcast, where `state` is asks (placing.Question)
    kind: str = ""  # what was said when it was sent: the format, and the time of rows without one
    time_default: int | None = None
    process: int = 0


def store(name: str, chunks: Iterable[bytes], by: str, language: str = "zh") -> Upload:
    """Write the file down; Refused where it is empty or too large."""
    number = secrets.token_hex(8)
    folder = _folder() / number / CONTENT
    folder.mkdir(parents=True, mode=0o700)
    safe = safe_name(name)
    try:
        size = _write(folder / safe, chunks)
    except BaseException:
        shutil.rmtree(folder.parent)
        raise
    upload = Upload(number, safe, size, clock.now_us(), by, language=language, process=os.getpid())
    _save(upload)
    return upload


def safe_name(name: str) -> str:
    """What the file is kept as and shown by: letters, digits and plain signs, its ending kept however long it is."""
    safe = UNSAFE.sub("_", Path(name.replace("\\", "/")).name).strip(". ")
    while len(safe.encode()) > LONGEST_NAME:
        stem, dot, ending = safe.partition(".")
        safe = stem[:-1] + dot + ending if stem else ending[1:]
    return f"_{safe}" if RESERVED.match(safe) else safe or "file"


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    size = 0
    with path.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST:
                raise Refused(
                    {
                        "zh": "文件超过 2 GB，请用命令行导入。",
                        "en": "the file is above 2 GB: import it on the command line",
                    }
                )
            file.write(chunk)
    if size == 0:
        raise Refused({"zh": "文件是空的。", "en": "the file is empty"})
    return size


def start(upload: Upload, options: Options, kind: str | None, show: ToldBroadcast | None = None) -> None:
    """Import in a thread of its own; the page asks how far it is. Where many are sent at once, the others wait."""
    threading.Thread(target=run, args=(upload, options, kind, show), name=f"import-{upload.id}", daemon=True).start()


def run(upload: Upload, options: Options, kind: str | None, show: ToldBroadcast | None = None) -> Upload:
    """Import now, then bring the derived tables up to date. Every end is written down."""
    upload = replace(upload, kind=kind or "", time_default=options.time_default)
    if show is None and options.broadcast:
        show = ToldBroadcast(options.broadcast)

    def progress(rows: int) -> None:
        _save(replace(upload, rows=rows))

    try:
        with _turns:
            done = _import(upload, options, kind, show, progress)
    except Unplaced as asked:
        done = replace(upload, state="asks", question=_asked(asked.question))
    except HuitouError as error:
        done = replace(upload, state="refused", **_unclear(upload, error))
    except Exception:
        log.exception("upload_failed", upload=upload.id)
        done = replace(
            upload,
            state="refused",
            problem={"zh": "导入时出错，详情见日志。", "en": "the import failed; the log says more"},
        )
    _save(done)
    return done


def _import(upload: Upload, options: Options, kind: str | None, show: ToldBroadcast | None, progress: Any) -> Upload:
    path = _content(upload) / upload.name
    result = bring_in(path, options, kind, show, progress, language=upload.language, within=LONGEST)
    catch_up()
    return replace(
        upload,
        state="done",
        format=result.format,
        accepted=result.accepted,
        duplicate=result.duplicate,
        quarantined=result.quarantined,
        rejected=result.rejected,
        rejected_file=Path(result.rejected_file).name if result.rejected_file else "",
        consents=dict(result.consents),
        mapping=dict(result.mapping),
        notes=[dict(note) for note in result.notes],
        reasons=[
            Reason(text=result.told[reason], rows=rows)
            for reason, rows in sorted(result.reasons.items(), key=lambda item: -item[1])[:20]
        ],
    )


def _asked(question: Question) -> dict[str, Any]:
    return {"needs": question.needs, "broadcasts": list(question.broadcasts)}


def again(number: str, language: str) -> Upload:
    """The same file once more, for another format or time: what is in is counted as duplicate."""
    upload = find(number)
    if upload.state == "running":
        raise Refused({"zh": "这个文件正在导入。", "en": "this file is being imported"})
    fresh = Upload(
        upload.id, upload.name, upload.size, clock.now_us(), upload.by, language=language, process=os.getpid()
    )
    _save(fresh)
    return fresh


# What the command line answers with a flag, the page answers with a field.
UNCLEAR: Mapping[str, Text] = {
    "no_customer_column": {
        "zh": "看不出哪一列是客户。请选择文件的格式，或把客户那一列的表头改成下面任意一个名称。",
        "en": "No column identifies the customer. Choose the file's format, or give the customer's column one of these names.",
    },
    "no_time_column": {
        "zh": "没有时间列。请填写时间，或把时间那一列的表头改成下面任意一个名称；如果是客户名单，请选择格式“客户与授权”。",
        "en": "No column has the time. Say the time of its rows, or give the column one of these names; for a list of people"
        " choose the format “Customers and consents”.",
    },
    "no_event": {
        "zh": "看不出每一行是什么事。请选择文件的格式，或加一列写明事件，表头用下面任意一个名称。",
        "en": "The file does not say which event each row is. Choose its format, or add a column with the event, by one of these names.",
    },
    "unknown_format": {
        "zh": "认不出文件的格式，请选择。",
        "en": "The file's format is not known: choose it.",
    },
}


MISSING_ROLES: Mapping[str, Roles] = {
    "no_customer_column": WHO,
    "no_time_column": {"time": TIMES["time"]},
    "no_event": {"event": EVENT["event"]},
}
NAMES_SHOWN = 12


def _unclear(upload: Upload, error: HuitouError) -> dict[str, Any]:
    """What to say of a refused file; where its columns were the trouble, what they are called."""
    told = UNCLEAR.get(error.code)
    if told is None:
        return {"problem": dict(error.message)}
    columns = list(error.columns) if isinstance(error, FileRefused) else []
    problem = {"zh": f"{upload.name}：{told['zh']}", "en": f"{upload.name}: {told['en']}"}
    return {"problem": problem, "columns": columns, "missing": error.code}


def names_for(upload: Upload) -> list[str]:
    """Names that a column may have for the house to know it, where one was missing: the plainest few of hundreds."""
    roles = MISSING_ROLES.get(upload.missing, {})
    if len(roles) == 1:
        return [name for role, others in roles.items() for name in (role, *others)][:NAMES_SHOWN]
    found = (name for role, others in roles.items() for name in (role, next(filter(_is_chinese, others), "")))
    return [name for name in found if name][:NAMES_SHOWN]


def _is_chinese(name: str) -> bool:
    return name[:1] >= "\u4e00"


def find(number: str) -> Upload:
    """NotFound for an id nobody was given; what runs in a process that is gone is cut off."""
    if not ID.fullmatch(number):
        raise _unknown(number)
    try:
        upload = Upload(**_told((_folder() / number / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise _unknown(number) from None
    if upload.state == "running" and not _lives(upload.process):
        return replace(upload, state="cut_off")
    return upload


def _told(text: str) -> dict[str, Any]:
    """The state as it is kept; reasons were once kept in English alone."""
    told: dict[str, Any] = json.loads(text)
    if isinstance(told.get("reasons"), dict):
        told["reasons"] = [{"text": {"en": reason}, "rows": rows} for reason, rows in told["reasons"].items()]
    return told


def latest() -> list[Upload]:
    folder = _folder()
    if not folder.is_dir():
        return []
    numbers = sorted((one for one in folder.iterdir() if ID.fullmatch(one.name)), key=lambda one: -one.stat().st_mtime)
    found = []
    for one in numbers[:SHOWN]:
        try:
            found.append(find(one.name))
        except NotFound:
            continue
    return sorted(found, key=lambda upload: -upload.at)


def rejected_rows(number: str) -> Path:
    """The file of rejected rows; NotFound where there is none."""
    upload = find(number)
    path = _content(upload) / upload.rejected_file
    if not upload.rejected_file or not path.is_file():
        raise _unknown(number)
    return path


def _folder() -> Path:
    return settings().data / "uploads"


def _content(upload: Upload) -> Path:
    """Where the file is; those of earlier versions stand beside their state."""
    folder = _folder() / upload.id
    return folder / CONTENT if (folder / CONTENT).is_dir() else folder


def _save(upload: Upload) -> None:
    """Whole or not at all: the page reads while the import writes."""
    path = _folder() / upload.id / "state.json"
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(upload), ensure_ascii=False), encoding="utf-8")
    draft.replace(path)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (OSError, OverflowError):
        return False
    return True


def _unknown(number: str) -> NotFound:
    return NotFound({"zh": f"没有这次上传：{number}。", "en": f"there is no upload {number}"})
