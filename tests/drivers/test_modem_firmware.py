"""New firmware for a modem: what its lines mean, and the way over a real terminal, with the power cut in between."""

from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from drivers import registry
from drivers.api import CompletionCode, DeviceError, Outcome
from drivers.gsm_modem import firmware as files
from drivers.gsm_modem.driver import GsmModem
from drivers.gsm_modem.emulator import FIRMWARE, ModemEmulator
from drivers.interfaces.firmware import BLOCK_BYTES, Install, Prepare, Prepared, Write, Written
from drivers.transport.address import dial_for

PROFILE = registry.load_profiles()["quectel.ec20"]
HASH = "0123456789abcdef" * 4


def test_reads_the_lines_of_the_manual() -> None:
    assert files.listed('+QFLST: "UFS:bb-0123456789abcdef.bin",8192') == ("bb-0123456789abcdef.bin", 8192)
    assert files.listed('+QFLST: "security/",0') == ("security/", 0)
    assert files.handle("+QFOPEN: 1001") == 1001
    assert files.open_file('+QFOPEN: "UFS:bb-0123456789abcdef.bin",1001,0') == ("bb-0123456789abcdef.bin", 1001)
    assert files.written("+QFWRITE: 4096,12288") == (4096, 12288)


def test_touches_only_files_of_its_own() -> None:
    assert files.is_ours(files.file_name(HASH))
    assert not any(files.is_ours(name) for name in ("security/", "bb-1.bin", "cacert.pem", "bb-0123456789abcdef.bin.old"))


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=120))
def test_any_line_is_read_or_is_none_of_them(line: str) -> None:
    for read in (files.listed, files.handle, files.open_file, files.written):
        read(line)


async def test_goes_on_where_it_broke_off_over_a_real_terminal(tmp_path: Path) -> None:
    emulator = ModemEmulator(PROFILE)
    emulator.listen(f"serial://{tmp_path}/modem")
    await emulator.start()
    modem = GsmModem("modem-1", PROFILE, dial_for(emulator.address, PROFILE.serial))
    content = emulator.package("EC20CEFAGR06A02M4G")
    package = sha256(content).hexdigest()
    prepare = Prepare(package=package, size_bytes=len(content))

    await modem.open()
    assert modem.capabilities().firmware == FIRMWARE
    assert (await modem.execute(prepare)).payload == Prepared(held_bytes=0)
    written = await modem.execute(Write(package=package, offset_bytes=0, data=content[:BLOCK_BYTES]))
    assert written.payload == Written(held_bytes=BLOCK_BYTES)
    early = await modem.execute(Install(package=package, size_bytes=len(content)))
    assert (early.code, early.outcome) == (CompletionCode.SEQUENCE_ERROR, Outcome.HELD)

    emulator.act("power_cycle")
    await modem.close()
    await modem.open()
    assert (await modem.execute(prepare)).payload == Prepared(held_bytes=BLOCK_BYTES)

    other = await modem.execute(Prepare(package=HASH, size_bytes=7))
    assert other.payload == Prepared(held_bytes=0), "another package begins from nothing"
    assert (await modem.execute(prepare)).payload == Prepared(held_bytes=0), "and the former one is gone"
    await modem.close()
    await emulator.stop()


async def test_a_model_without_a_known_way_takes_no_firmware() -> None:
    profile = registry.load_profiles()["generic.gsm-modem"]
    emulator = ModemEmulator(profile).on_tcp()
    await emulator.start()
    modem = GsmModem("modem-1", profile, dial_for(emulator.address, profile.serial))
    await modem.open()
    assert not any(name.startswith("Firmware.") for name in modem.capabilities().commands)
    refused = await modem.execute(Prepare(package=HASH, size_bytes=7))
    assert (refused.code, refused.outcome) == (CompletionCode.UNSUPPORTED_COMMAND, Outcome.HELD)
    await modem.close()
    await emulator.stop()


async def test_an_installing_module_does_not_answer() -> None:
    emulator = ModemEmulator(PROFILE).on_tcp()
    await emulator.start()
    modem = GsmModem("modem-1", PROFILE, dial_for(emulator.address, PROFILE.serial))
    await modem.open()
    content = b"of another maker"
    package = sha256(content).hexdigest()
    await modem.execute(Prepare(package=package, size_bytes=len(content)))
    await modem.execute(Write(package=package, offset_bytes=0, data=content))
    begun = await modem.execute(Install(package=package, size_bytes=len(content)))
    assert begun.outcome is Outcome.DONE
    lost = await modem.wait_lost()
    assert isinstance(lost, DeviceError), "it restarts"
    await emulator.stop()
