"""Makes offchain-v1.toml: off-chain messages of version 1 (sRFC 38 in its final form), written down
here from the layout alone, and signed by another library than ours.

    python3 offchain-v1.py > offchain-v1.toml      # needs the package `cryptography`

The messages are also those that `@solana/offchain-messages` 8.4.0 encodes and decodes.

signing domain (16 bytes) | 01 | number of signers (1 byte) | their keys, ascending | text, to the end
"""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CASES = [
    ("one line", "07" * 32, "Withdraw 5 SOL"),
    ("several lines", "a1" * 32, "Withdraw 5 SOL\nto 8x\nat desk.example\ndigest 00"),
    ("longer than one byte counts", "b0" * 32, "x" * 300),
]


def case(name, seed, text):
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    message = b"\xffsolana offchain" + bytes([1, 1]) + public + text.encode("ascii")
    return {
        "name": name,
        "public_key": public.hex(),
        "text": text,
        "message": message.hex(),
        "signature": key.sign(message).hex(),
    }


for one in CASES:
    print("[[case]]")
    for field, value in case(*one).items():
        print(f"{field} = {json.dumps(value)}")
