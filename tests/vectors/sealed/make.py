#!/usr/bin/env python3
"""Makes the keys, certificates and sealed values of this folder with pyca/cryptography, so that what we read was never made by us.

The keys are public and protect nothing. Needs: pip install cryptography. Run it in this folder.
"""
import base64
import datetime
import json
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

UTC = datetime.timezone.utc
PEM = serialization.Encoding.PEM
CLEAR = serialization.NoEncryption()


def certificate(key, name, begin, end):
    """As the controller makes them: nobody's name, only `encipherOnly`, a CA."""
    nobody = x509.Name([])
    usage = x509.KeyUsage(False, False, False, False, True, False, False, True, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(nobody)
        .issuer_name(nobody)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .public_key(key.public_key())
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    write(f"{name}.crt", made.public_bytes(PEM))


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def seal(key, label, plain, session=32):
    session_key = os.urandom(session)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label.encode() or None)
    wrapped = key.public_key().encrypt(session_key, oaep)
    return len(wrapped).to_bytes(2, "big") + wrapped + AESGCM(session_key).encrypt(bytes(12), plain, None)


begin, end = datetime.datetime(2026, 1, 1, tzinfo=UTC), datetime.datetime(2126, 1, 1, tzinfo=UTC)
vectors = []
for bits in (2048, 3072, 4096):
    key = rsa.generate_private_key(65537, bits)
    name = f"rsa{bits}"
    write(f"{name}.key", key.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, CLEAR))
    certificate(key, name, begin, end)
    for label in ("myns/myname", "myns", ""):
        for plain, session in ((b"", 32), (b"hunter2", 32), (b"\0\xff" * 50, 16), (b"aes-192", 24)):
            blob = seal(key, label, plain, session)
            b64 = lambda data: base64.b64encode(data).decode()
            vectors.append({"key": name, "label": label, "plain": b64(plain), "session": session, "sealed": b64(blob)})
    if bits == 2048:
        write("rsa2048.pkcs8.key", key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, CLEAR))
        locked = serialization.BestAvailableEncryption(b"public")
        write("locked.key", key.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, locked))
        write("locked.pkcs8.key", key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, locked))
        certificate(key, "expired", datetime.datetime(2016, 1, 1, tzinfo=UTC), datetime.datetime(2020, 2, 3, tzinfo=UTC))
    if bits == 4096:
        other = rsa.generate_private_key(65537, 2048)
        write("other.key", other.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, CLEAR))
        certificate(other, "other", begin, end)
curve = ec.generate_private_key(ec.SECP256R1())
write("ec.key", curve.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, CLEAR))
certificate(curve, "ec", begin, end)
with open("vectors.json", "w") as file:
    json.dump(vectors, file, indent=1)
    file.write("\n")
