"""Makes signatures.json: certificates, and signatures that OpenStack's `cursive` accepts. /usr/bin/python3 make-signatures.py"""
import base64
import datetime
import json
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.x509.oid import NameOID
from cursive import signature_utils

DATA = bytes(range(256)) * 40


def certificate_of(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an image builder")])
    begin = datetime.datetime(2024, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(begin).not_valid_after(begin.replace(year=2124))
    return builder.sign(key, hashes.SHA256())


def signed(key, method):
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(mgf=padding.MGF1(method), salt_length=padding.PSS.MAX_LENGTH)
        return key.sign(DATA, pss, method)
    if isinstance(key, dsa.DSAPrivateKey):
        return key.sign(DATA, method)
    return key.sign(DATA, ec.ECDSA(method))


KEYS = {
    "RSA-PSS": rsa.generate_private_key(65537, 2048),
    "DSA": dsa.generate_private_key(2048),
    "ECC_SECP384R1": ec.generate_private_key(ec.SECP384R1()),
    "ECC_SECP521R1": ec.generate_private_key(ec.SECP521R1()),
    "ECC_SECT409K1": ec.generate_private_key(ec.SECT409K1()),
    "ECC_SECT409R1": ec.generate_private_key(ec.SECT409R1()),
    "ECC_SECT571K1": ec.generate_private_key(ec.SECT571K1()),
    "ECC_SECT571R1": ec.generate_private_key(ec.SECT571R1()),
}

cases = []
for kind, key in KEYS.items():
    certificate = certificate_of(key)
    for name, method in signature_utils.HASH_METHODS.items():
        if kind.startswith("ECC_SECT") and name != "SHA-512":
            continue
        signature = signed(key, method)
        lookup = signature_utils.SignatureKeyType.lookup(kind)
        verifier = lookup.create_verifier(signature, method, certificate.public_key())
        verifier.update(DATA)
        verifier.verify()
        cases.append({
            "keyType": kind,
            "hashMethod": name,
            "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
            "signature": base64.b64encode(signature).decode(),
        })

document = {"data": base64.b64encode(DATA).decode(), "cases": cases}
target = pathlib.Path(__file__).with_name("signatures.json")
target.write_text(json.dumps(document, indent=1) + "\n")
