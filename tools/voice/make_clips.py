"""Makes the hall voice: one small Opus clip a word, Chinese and English, and the chime before a call.

    python tools/voice/make_clips.py [OUT_DIR]      # default: ui/public/audio

Needs espeak-ng, sox and opusenc (Debian: espeak-ng sox opus-tools). The clips are committed, so that neither a build
nor a branch needs these programs. Silence is trimmed from both ends, because the display joins clips without gaps:
every pause that a listener hears is written in the display's sentences, none hides in a file. A bank that wants a human
voice records the same words under the same names and runs this file with --manifest to write only the manifest.
"""

from __future__ import annotations

import json
import string
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OUT: Final = Path(__file__).resolve().parents[2] / "ui" / "public" / "audio"
TOTAL_SIZE_MAX_B: Final = 1_000_000
BITRATE_KBIT: Final = 32
SAMPLE_RATE_HZ: Final = 48_000

# In pinyin with tone numbers: espeak-ng 1.51 reads single characters wrongly ("三" becomes English "san one").
ZH_DIGITS: Final = "ling2 yi1 er4 san1 si4 wu3 liu4 qi1 ba1 jiu3"
ZH_WORDS: Final = {
    **dict(zip(string.digits, ZH_DIGITS.split(), strict=True)),
    "yao": "yao1",
    "shi": "shi2",
    "qing": "qing3",
    "hao-dao": "hao4 dao4",
    "hao-chuangkou": "hao4 chuang1kou3",
    "nin-de-haoma-shi": "nin2 de5 hao4ma3 shi4",
}
EN_DIGITS: Final = "zero one two three four five six seven eight nine"
EN_TEENS: Final = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
EN_WORDS: Final = {
    **dict(zip(string.digits, EN_DIGITS.split(), strict=True)),
    **{str(n): word for n, word in enumerate(EN_TEENS.split(), start=10)},
    "number": "number",
    "please-go-to-counter": "please go to counter",
    "your-number-is": "your number is",
}


@dataclass(frozen=True, slots=True)
class Speaker:
    """An espeak-ng voice and how it speaks; pitch is espeak's 0–99."""

    voice: str
    words_per_min: int
    pitch: int


SPEAKERS: Final = {"zh": Speaker("cmn-latn-pinyin+f2", 140, 48), "en": Speaker("en-gb+f2", 140, 48)}
# Letters come from the English voice in both languages: a Chinese hall says "A零零三号" with an English A.
LETTERS: Final = {letter.lower(): letter for letter in string.ascii_uppercase}


def run(*command: str | Path) -> None:
    """Runs one program; a failure is an exception with its words."""
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def speak(speaker: Speaker, text: str, wav: Path, work: Path) -> None:
    """One word as a trimmed, levelled mono WAV."""
    raw = work / "raw.wav"
    run("espeak-ng", "-v", speaker.voice, "-s", str(speaker.words_per_min), "-p", str(speaker.pitch), "-w", raw, text)
    trim = ("silence", "1", "0.005", "0.6%")
    resample = ("gain", "-6", "rate", str(SAMPLE_RATE_HZ))
    effects = (*resample, *trim, "reverse", *trim, "fade", "0.012", "reverse", "fade", "0.004", "highpass", "110", "norm", "-3")
    run("sox", "-R", raw, wav, *effects)


def chime(wav: Path, work: Path) -> None:
    """Two soft bell notes, a major third falling: heard over talk, unpleasant to nobody."""
    notes = []
    for name, fundamental_hz in (("high", 659.26), ("low", 523.25)):
        note = work / f"{name}.wav"
        partials = [part for k in (1, 2, 3.01) for part in ("sine", str(fundamental_hz * k))]
        run(
            "sox",
            "-n",
            "-r",
            str(SAMPLE_RATE_HZ),
            note,
            "synth",
            "1.4",
            *partials,
            "remix",
            "1v0.7,2v0.2,3v0.1",
            "fade",
            "l",
            "0.006",
            "1.4",
            "1.38",
        )
        notes.append(note)
    late = work / "late.wav"
    run("sox", notes[1], late, "pad", "0.42")
    run("sox", "-R", "-m", notes[0], late, "-b", "16", wav, "norm", "-5")


def encode(wav: Path, clip: Path) -> None:
    """WAV to Opus; the serial is fixed so that equal sound gives equal bytes."""
    run("opusenc", "--quiet", "--bitrate", str(BITRATE_KBIT), "--serial", "1", "--discard-comments", wav, clip)


def make(out: Path) -> None:
    """Every clip, anew."""
    words = {"zh": ZH_WORDS, "en": EN_WORDS}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wav = work / "word.wav"
        for language, speaker in SPEAKERS.items():
            (out / language).mkdir(parents=True, exist_ok=True)
            for name, text in {**words[language], **LETTERS}.items():
                speak(SPEAKERS["en"] if name in LETTERS else speaker, text, wav, work)
                encode(wav, out / language / f"{name}.ogg")
        chime(wav, work)
        encode(wav, out / "chime.ogg")


def duration_s(clip: Path) -> float:
    """An Opus file's playing time (RFC 7845): the last page's granule position less the pre-skip, at 48 kHz."""
    content = clip.read_bytes()
    pre_skip: int = struct.unpack_from("<H", content, content.index(b"OpusHead") + 10)[0]
    granule: int = struct.unpack_from("<q", content, content.rindex(b"OggS") + 6)[0]
    return round((granule - pre_skip) / SAMPLE_RATE_HZ, 3)


def write_manifest(out: Path) -> int:
    """Lists what is there; returns the clips' total size in bytes."""
    clips = sorted(out.rglob("*.ogg"))
    names = {clip.relative_to(out).with_suffix("").as_posix(): duration_s(clip) for clip in clips}
    manifest = {"format": 1, "extension": ".ogg", "duration_s": names}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return sum(clip.stat().st_size for clip in clips)


def main(arguments: list[str]) -> int:
    """The command; exit 1 when the clips are too large to commit."""
    only_manifest = "--manifest" in arguments
    folders = [Path(word) for word in arguments if not word.startswith("--")]
    out = folders[0] if folders else OUT
    if not only_manifest:
        make(out)
    size_b = write_manifest(out)
    sys.stdout.write(f"{size_b} bytes in {out}\n")
    return 0 if size_b <= TOTAL_SIZE_MAX_B else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
