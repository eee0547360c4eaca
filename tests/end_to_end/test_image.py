"""What is in the image, and what is not: its size, its drivers, its bytecode, its git."""

from __future__ import annotations

import datetime as dt
import json
import os
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.git_http import git_server
from tests.support.ground import WAREHOUSES, standing_on
from tests.support.repositories import GitRepository, isolated_environ
from tests.support.runner import base_image, run_in, run_python

pytestmark = pytest.mark.container

LIMIT = 350_000_000
PUBLISHED_BASE = 126_250_000
"""python:3.13-slim for amd64, unpacked, as docker-library/repo-info says (3.13.15-slim-trixie, September 2026)."""
STAND_IN_MARGIN = 10_000_000
"""A stand-in of the base may bring packages that the image leaves out and the published base never had."""

SIZE = """
import os, sys
total, seen, device = 0, set(), os.lstat("/").st_dev
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.lstat(os.path.join(folder, name)).st_dev == device]
    for file in (os.lstat(os.path.join(folder, name)) for name in files if not name.endswith(tuple(sys.argv[1:]))):
        if file.st_dev == device and file.st_ino not in seen:
            seen.add(file.st_ino)
            total += file.st_size
print(total)
"""
NOT_COMPILED = """
import os, sys
import rocky_action.main
from rocky_action.warehouses import bigquery, databricks, duckdb, snowflake
specs = [module.__spec__ for module in sys.modules.values() if getattr(module, "__spec__", None)]
sources = [spec for spec in specs if str(spec.origin).endswith(".py")]
assert any(spec.name == "rocky_action.main" for spec in sources), "our own source is not in the image"
print(*sorted(spec.name for spec in sources if not os.path.exists(spec.cached)), sep="\\n")
"""
READ = """
import json, os, sys
from pathlib import Path
from rocky_action.domain.project import Adapter
from rocky_action.errors import WarehouseError
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import OpenRequest
name, settings, environ, there, missing = json.loads(sys.argv[1])
request = OpenRequest(Adapter("default", name, settings), Path(), seeds=tuple, environ=environ)
warehouse = open_warehouse(request).warehouse
try:
    rows = warehouse.query(f"SELECT * FROM {there} ORDER BY 1")
    try:
        warehouse.query(f"SELECT * FROM {missing}")
    except WarehouseError:
        print("refused")
    print(json.dumps([list(row) for row in rows]))
finally:
    warehouse.close()
"""


def unpacked(image: str, *ignored: str) -> int:
    """Bytes of all files of an image but those with ignored endings, whatever way its engine stores them."""
    code, log = run_in(image, "python3", "-B", "-c", SIZE, *ignored)
    assert code == 0, log
    return int(log.splitlines()[-1])


def test_the_image_stays_small(image: str) -> None:
    size = unpacked(image)
    if os.environ.get("BASE_IMAGE"):
        estimate = PUBLISHED_BASE + size - unpacked(base_image(), ".pyc")  # the published one has no bytecode
        assert estimate < LIMIT - STAND_IN_MARGIN, f"{size:,} bytes here, some {estimate:,} on the published base"
    else:
        assert size < LIMIT, f"{size:,} bytes"


@pytest.mark.parametrize("name", WAREHOUSES)
def test_every_driver_can_be_imported(image: str, name: str) -> None:
    code, log = run_python(image, "-I", "-c", f"from rocky_action.warehouses.{name} import open_adapter")
    assert code == 0, log


@pytest.mark.parametrize("name", [name for name in WAREHOUSES if name != "duckdb"])
def test_the_images_drivers_read_and_are_refused(image: str, name: str) -> None:
    with standing_on(name) as ground:
        table = ground.make(ground.at("orders"), {"id": "BIGINT", "city": "TEXT"}, [["7", "'Oslo'"], ["8", "'Łódź'"]])
        told = [name, dict(ground.settings), dict(ground.environ), ground.named(table), ground.named(ground.at("gone"))]
        code, log = run_python(image, "-I", "-c", READ, json.dumps(told), options=["--network=host"])
    assert code == 0, log
    *_, refused, rows = log.splitlines()
    assert (refused, json.loads(rows)) == ("refused", [[7, "Oslo"], [8, "Łódź"]])


def test_nothing_is_compiled_at_the_start(image: str) -> None:
    code, log = run_python(image, "-I", "-B", "-c", NOT_COMPILED)
    assert (code, log.split()) == (0, [])


def test_git_fetches_over_https_from_whom_it_trusts(image: str, tmp_path: Path) -> None:
    environ = isolated_environ(tmp_path)
    served = tmp_path / "served"
    GitRepository.new(served / "shop", environ).commit({"models/a.sql": "SELECT 1"})
    certificate = self_signed(tmp_path / "certificate.pem")
    with git_server(served, environ, authorization="basic right", certificate=certificate) as server:
        clone = [
            "-c",
            "http.extraheader=Authorization: basic right",
            "clone",
            "--depth=1",
            f"{server.url}/shop",
            "/shop",
        ]
        stranger, refusal = run_in(image, "git", *clone, options=["--network=host"])
        trusted = ["--network=host", f"--volume={certificate}:/trusted.pem:ro", "--env=GIT_SSL_CAINFO=/trusted.pem"]
        friend, log = run_in(image, "git", *clone, options=trusted)
    assert stranger != 0
    assert "verification failed" in refusal
    assert friend == 0, log


def test_git_trusts_whom_debian_trusts(image: str) -> None:
    code, log = run_in(image, "grep", "-c", "BEGIN CERTIFICATE", "/etc/ssl/certs/ca-certificates.crt")
    assert code == 0, log
    assert int(log) > 100


def self_signed(path: Path) -> Path:
    """Writes a certificate for 127.0.0.1 that nobody trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(pem) + plain)
    return path
