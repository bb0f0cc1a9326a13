"""An issuer of tokens (JWT), whose signatures are OpenSSL's, and a gateway that serves its keys."""

import base64
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


class Key:
    """A private key of OpenSSL's: `algorithm` is RS256 or ES256."""

    def __init__(self, folder, kid, algorithm="RS256"):
        self.kid = kid
        self.algorithm = algorithm
        self.file = folder / f"{kid}.pem"
        if algorithm == "RS256":
            self.file.write_bytes(openssl("genrsa", "2048"))
        else:
            self.file.write_bytes(openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"))

    def jwk(self):
        if self.algorithm == "RS256":
            modulus = openssl("rsa", "-in", str(self.file), "-noout", "-modulus").decode().strip()
            return {"kty": "RSA", "kid": self.kid, "alg": "RS256", "use": "sig", "e": "AQAB",
                    "n": base64url(bytes.fromhex(modulus.partition("=")[2]))}
        point = openssl("ec", "-in", str(self.file), "-pubout", "-outform", "DER")[-64:]
        return {"kty": "EC", "crv": "P-256", "kid": self.kid, "alg": "ES256", "use": "sig",
                "x": base64url(point[:32]), "y": base64url(point[32:])}

    def sign(self, data):
        signature = openssl("dgst", "-sha256", "-sign", str(self.file), data=data)
        return signature if self.algorithm == "RS256" else raw_signature(signature)

    def token(self, **claims):
        """A token of these claims; None leaves one out that is usually there."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        everything = {"iss": Gateway.ISSUER, "aud": [Gateway.ISSUER], "sub": "alice",
                      "exp": int(time.time()) + 600, "function": {"permissions": ["*"]}, **claims}
        claims = {name: value for name, value in everything.items() if value is not None}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{base64url(self.sign(signed.encode()))}"


def raw_signature(der):
    """r and s, 32 bytes each, of the two integers that OpenSSL puts into a sequence (RFC 7518 3.4)."""
    def integer(at):
        size = der[at + 1]
        return der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"), at + 2 + size

    r, at = integer(2)
    s, _ = integer(at)
    return r + s


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Gateway:
    """Serves an OpenID configuration and the keys; `answer` may take the place of what a path has."""

    ISSUER = "https://gateway.example"

    def __init__(self, *keys):
        self.keys = list(keys)
        self.issuer = self.ISSUER
        self.answer = {}  # path -> bytes, or a status
        self.asked = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                gateway.asked.append(self.path)
                content = gateway.answer.get(self.path, gateway.document(self.path))
                status = content if isinstance(content, int) else 200 if content else 404
                body = content if isinstance(content, bytes) else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.jwks_uri = f"{self.url}/keys"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def document(self, path):
        if path == "/.well-known/openid-configuration":
            return json.dumps({"issuer": self.issuer, "jwks_uri": self.jwks_uri}).encode()
        return self.key_set() if path == "/keys" else None

    def key_set(self):
        return json.dumps({"keys": [key.jwk() for key in self.keys]}).encode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
