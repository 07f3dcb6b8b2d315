"""The decode worker as a process: bare, confined, replaced when it dies, and never left behind."""

import contextlib
import fcntl
import io
import os
import select
import signal
import stat
import subprocess
import sys
import termios
import textwrap
import threading
from pathlib import Path

import pytest
from PIL import Image

from vision.image_errors import DecoderUnavailable, ImageDecoderDied, ImageTimedOut
from vision.images import Decoder, Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def picture(width=64, height=48):
    file = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def decoder():
    with Decoder() as decoder:
        decoder.warm()
        yield decoder


def gone(pid, seconds=60):
    """Wait for the end of any process, ours or not."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watch], [], [], seconds)[0])
    finally:
        os.close(watch)


@contextlib.contextmanager
def a_call_under_way(decoder):
    """A thread in ``check``, its request unread in the pipe of a worker that is held still."""
    os.kill(decoder._process.pid, signal.SIGSTOP)
    outcome = []

    def call():
        try:
            outcome.append(decoder.check(picture()))
        except ImageDecoderDied as refusal:
            outcome.append(refusal)

    thread = threading.Thread(target=call)
    thread.start()
    while not unread(decoder._process):
        thread.join(0.001)
    yield outcome
    thread.join()


def unread(process):
    count = bytearray(4)
    fcntl.ioctl(process._requests, termios.FIONREAD, count)
    return int.from_bytes(count, sys.byteorder)


def limits_of(pid):
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return {line[:26].strip(): line[26:].split()[:2] for line in lines}


def descriptors(pid):
    return [path.stat().st_mode for path in Path(f"/proc/{pid}/fd").iterdir() if path.exists()]


def test_nothing_is_started_before_the_first_call():
    with Decoder() as decoder:
        assert decoder._process is None


def test_the_worker_is_kept_between_pictures(decoder):
    before = decoder._process.pid

    decoder.check(picture())
    decoder.decode(picture(), (28, 28))

    assert decoder._process.pid == before


def test_the_worker_can_take_no_memory_without_end_and_open_nothing(decoder):
    limits = limits_of(decoder._process.pid)

    assert limits["Max address space"] == [str(2 * 2**30)] * 2
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max open files"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]


def test_the_worker_holds_pipes_and_no_socket(decoder):
    modes = descriptors(decoder._process.pid)

    assert modes
    assert all(stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) for mode in modes)


def test_the_worker_knows_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_canary")

    with Decoder() as decoder:
        decoder.warm()
        environment = Path(f"/proc/{decoder._process.pid}/environ").read_bytes()

    assert b"PYTHONPATH" in environment
    assert b"hf_canary" not in environment


def test_the_worker_loads_pillow_and_we_do_not():
    code = (
        "import sys, vision.images; sys.exit(bool({'PIL', 'torch', 'gradio'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_worker_loads_no_torch(decoder):
    mapped = Path(f"/proc/{decoder._process.pid}/maps").read_text()

    assert "_imaging" in mapped
    assert "torch" not in mapped


def test_a_worker_killed_while_idle_is_replaced_unseen(decoder):
    os.kill(decoder._process.pid, signal.SIGKILL)
    assert gone(decoder._process.pid)

    assert decoder.check(picture()).width == 64


def test_a_worker_killed_in_the_middle_of_a_picture_refuses_that_picture_only(decoder):
    with a_call_under_way(decoder) as outcome:
        os.kill(decoder._process.pid, signal.SIGKILL)

    assert isinstance(outcome[0], ImageDecoderDied)
    assert decoder.check(picture()).width == 64


def test_a_worker_that_does_not_answer_is_killed_after_the_wall_limit():
    with Decoder(Limits(wall_s=1)) as decoder:
        decoder.warm()
        silent = decoder._process.pid
        os.kill(silent, signal.SIGSTOP)

        with pytest.raises(ImageTimedOut, match=r"not done after 1 seconds"):
            decoder.check(picture())

        assert not Path(f"/proc/{silent}").exists()
        assert decoder.check(picture()).width == 64


def test_ctrl_c_does_not_reach_the_worker(decoder):
    before = decoder._process.pid

    os.kill(before, signal.SIGINT)

    assert os.getpgid(before) != os.getpgid(0)
    assert decoder.check(picture()).width == 64
    assert decoder._process.pid == before


@pytest.fixture
def heeds_ctrl_c():
    """Whoever starts a program in the background may have it ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_during_a_call_leaves_no_answer_for_the_next(decoder):
    process = decoder._process
    os.kill(process.pid, signal.SIGSTOP)
    done = threading.Event()

    def interrupt():
        while not unread(process):
            done.wait(0.001)
        # Of a process with more threads the system may wake another one.
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        decoder.check(picture())
    thread.join()

    assert decoder.check(picture(32, 16)).width == 32


def test_close_leaves_no_process_behind():
    decoder = Decoder()
    decoder.check(picture())
    pid = decoder._process.pid

    decoder.close()

    assert not Path(f"/proc/{pid}").exists()


def test_close_does_not_wait_for_a_call_under_way(decoder):
    with a_call_under_way(decoder) as outcome:
        decoder.close()

    assert isinstance(outcome[0], ImageDecoderDied)


def test_a_closed_decoder_starts_no_worker(decoder):
    decoder.close()

    with pytest.raises(DecoderUnavailable, match="closed"):
        decoder.check(picture())


def test_workers_that_die_leave_no_descriptor_behind():
    with Decoder() as decoder:
        decoder.check(picture())
        before = len(descriptors("self"))
        for _ in range(10):
            os.kill(decoder._process.pid, signal.SIGKILL)
            gone(decoder._process.pid)
            decoder.check(picture())

        assert len(descriptors("self")) == before
    assert len(descriptors("self")) < before


def test_a_picture_leaves_no_memory_behind_in_the_worker(decoder):
    def resident():
        pages = Path(f"/proc/{decoder._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    large = io.BytesIO()
    Image.new("RGB", (5000, 3000)).save(large, "BMP")  # 45 MB, and 60 in Pillow
    decoder.decode(picture())
    before = resident()

    decoder.decode(large.getvalue())

    decoder.decode(picture())
    assert resident() - before < 10 * 2**20


def test_the_death_of_the_application_ends_the_worker():
    code = """
        import os, signal
        from vision.images import Decoder
        decoder = Decoder()
        decoder.warm()
        print(decoder._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    parent = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, check=False
    )

    assert parent.returncode == -signal.SIGKILL
    assert gone(int(parent.stdout))


def test_the_worker_runs_neither_our_main_nor_a_file_of_the_working_directory(tmp_path):
    trap = "import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()\n"
    for name in ("json.py", "PIL.py"):
        (tmp_path / name).write_text(trap)
    main = tmp_path / "main.py"
    main.write_text(f"""{trap}
from vision.images import Decoder
pathlib.Path(__file__).with_suffix('.ran').unlink()
with Decoder() as decoder:
    decoder.warm()
""")
    run = [sys.executable, "-P", str(main)]

    subprocess.run(run, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path.cwd())}, check=True)

    assert not list(tmp_path.glob("*.ran"))


def test_two_threads_get_each_their_own_picture(decoder):
    widths = {}

    def work(width):
        data = picture(width, 40)
        widths[width] = {decoder.decode(data).rgb.shape[1] for _ in range(20)}

    threads = [threading.Thread(target=work, args=(width,)) for width in (50, 60, 70)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert widths == {50: {50}, 60: {60}, 70: {70}}


@pytest.mark.parametrize("program", ["/nonexistent/python", "/bin/false"])
def test_a_worker_that_does_not_start_is_nobodys_picture(monkeypatch, program):
    monkeypatch.setattr(sys, "executable", program)

    with Decoder() as decoder, pytest.raises(DecoderUnavailable, match="did not start"):
        decoder.warm()


@pytest.mark.parametrize(
    "reply",
    [
        b'{"width": 1000000, "height": 1000000, "notes": [], "preview": 0}',
        b'{"width": 1, "height": -1, "notes": [], "preview": 0}',
        b'{"width": 1, "height": 1, "notes": [], "preview": 99999999999}',
        b'{"refused": "SystemExit", "values": {}}',
        b'{"refused": "ImageBroken", "values": {}}',
        b"[]",
        b"not json",
    ],
)
def test_a_worker_taken_over_is_not_believed(monkeypatch, tmp_path, reply):
    ready = b'{"pillow": "13.0.0", "missing": []}'
    said = b"".join(len(line).to_bytes(4, "big") + line for line in (ready, reply))
    liar = tmp_path / "python"
    liar.write_text(f"""#!{sys.executable}
import sys
sys.stdout.buffer.write({said!r})
sys.stdout.flush()
sys.stdin.buffer.read()
""")
    liar.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(liar))

    with Decoder() as decoder, pytest.raises(ImageDecoderDied):
        decoder.decode(picture())
