#!/usr/bin/env python3
"""A Solana message that sends SOL from one address to another, as base64: something to have signed.

usage: transfer.py FROM TO SOL [BLOCKHASH]

Without a BLOCKHASH of now, base58 as `getLatestBlockhash` answers it, no chain takes the result.
"""
import base64
import os
import sys
from decimal import Decimal

DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def key(text):
    number = 0
    for digit in text:
        number = number * 58 + DIGITS.index(digit)
    return number.to_bytes(32, "big")


def main(payer, receiver, sol, blockhash=None):
    lamports = int(Decimal(sol) * 10**9)
    header = bytes([1, 0, 1])  # one signer, who pays; the last key is read only
    keys = bytes([3]) + key(payer) + key(receiver) + bytes(32)  # the System program is all zeros
    recent = key(blockhash) if blockhash else os.urandom(32)
    data = (2).to_bytes(4, "little") + lamports.to_bytes(8, "little")  # 2 is `Transfer`
    instruction = bytes([1, 2, 2, 0, 1, len(data)]) + data
    print(base64.b64encode(header + keys + recent + instruction).decode())


if len(sys.argv) not in (4, 5):
    sys.exit(__doc__)
main(*sys.argv[1:])
