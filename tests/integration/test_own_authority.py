"""A GitHub whose certificate is of nobody's but the house's own authority, as Enterprise Server's often is."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from rocky_action.errors import PreviewError
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.patience import Patience
from tests.end_to_end.test_image import self_signed
from tests.support.forge_bench import ACTIONS, SHA, Clock
from tests.support.github_server import GitHubServer
from tests.support.github_state import GitHubState


def test_the_certificate_is_believed_where_ssl_cert_file_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    certificate = self_signed(tmp_path / "ca.pem")
    state, clock = GitHubState(), Clock()
    state.add_pull(7, "feature", SHA)
    server = GitHubServer(state, base_path="/api/v3")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server._http.socket = context.wrap_socket(server._http.socket, server_side=True, do_handshake_on_connect=False)
    monkeypatch.setattr(server._http, "handle_error", lambda *_: None)  # whoever does not believe it hangs up
    with server:
        url = server.api_url.replace("http:", "https:")
        for trusted in (False, True):
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            github = GitHub(ACTIONS, api_url=url, patience=Patience(sleep=clock.sleep, clock=clock))
            try:
                if trusted:
                    assert isinstance(github.get("repos/acme/shop/pulls/7"), dict)
                else:
                    with pytest.raises(PreviewError, match="CERTIFICATE_VERIFY_FAILED"):
                        github.get("repos/acme/shop/pulls/7")
            finally:
                github.close()
