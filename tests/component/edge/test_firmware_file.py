"""Head office signs a maker's firmware into a .fw file on the command line; what cannot be signed is said."""

from pathlib import Path

import msgspec
from click.testing import CliRunner

from edge.firmware.api import PackageFile
from edge.firmware.model import DOCUMENT
from edge.office import firmware
from sync.documents import verify_document
from sync.headoffice.identity import signing_key


def signed(folder: Path, *, model: str = "quectel.ec20", content: bytes = b"dfota") -> tuple[int, str]:
    source = folder / "dfota.bin"
    source.write_bytes(content)
    options = ["--data", str(folder), "--model", model, "--version", "R06A02", str(source), str(folder / "out.fw")]
    ran = CliRunner().invoke(firmware, options)
    return ran.exit_code, ran.output


def test_a_file_is_signed_with_head_offices_key(tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    code, said = signed(tmp_path)
    assert (code, said) == (0, f"{tmp_path}/out.fw: quectel.ec20 R06A02\n")
    made = msgspec.json.decode((tmp_path / "out.fw").read_bytes(), type=PackageFile)
    assert verify_document(key.public, DOCUMENT, made.document, made.signature)
    assert made.package == b"dfota"
    assert signed(tmp_path)[0] == 64, "a file that is there is not written over"


def test_what_cannot_be_signed_is_said(tmp_path: Path) -> None:
    assert "is no head office's folder" in signed(tmp_path)[1]
    signing_key(tmp_path)
    assert "no profile" in signed(tmp_path, model="nobodys.modem")[1]
    assert "1 to" in signed(tmp_path, content=b"")[1]
