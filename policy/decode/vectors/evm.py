#!/usr/bin/env python3
"""Makes evm.jsonl with eth-account, which shares no code with this project.

    python3 -m venv VENV && VENV/bin/pip install eth-account==0.14.0
    VENV/bin/python evm.py > evm.jsonl

Each line: what the appliance is asked (`transaction`, `raw` or `typed_data`), the private key, and
what eth-account made of it. The key of the first line and its answer are the example of EIP-155;
the others count up from 1.
"""
import json
import random

import rlp
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions import TypedTransaction
from eth_utils import keccak, to_checksum_address

RANDOM = random.Random(7)
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
WETH = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
NAMES = {
    "type": "type", "chain_id": "chainId", "nonce": "nonce", "to": "to", "value": "value",
    "data": "data", "gas": "gas", "gas_price": "gasPrice", "max_fee_per_gas": "maxFeePerGas",
    "max_priority_fee_per_gas": "maxPriorityFeePerGas", "access_list": "accessList",
}


def number(value):
    """Either notation, so that both are tried."""
    return hex(value) if RANDOM.random() < 0.5 else str(value)


def address():
    return to_checksum_address(RANDOM.randbytes(20))


def word(value):
    return value.to_bytes(32, "big") if isinstance(value, int) else bytes(12) + bytes.fromhex(value[2:])


def call(signature, *arguments):
    return "0x" + (keccak(text=signature)[:4] + b"".join(map(word, arguments))).hex()


def emit(name, key, asked, signed, digest):
    line = {"name": name, "key": key, "wallet": Account.from_key(key).address, **asked, "digest": digest, "r": hex(signed.r), "s": hex(signed.s), "v": signed.v}
    raw = getattr(signed, "raw_transaction", None)
    if raw is not None:
        line["signed"] = "0x" + bytes(raw).hex()
        line["hash"] = "0x" + bytes(signed.hash).hex()
    print(json.dumps(line))


def transaction(name, key, fields):
    theirs = {NAMES[name]: value for name, value in fields.items()}
    if fields["type"] == 0:
        del theirs["type"]
    if "access_list" in fields:
        theirs["accessList"] = [
            {"address": one["address"], "storageKeys": one["storage_keys"]} for one in fields["access_list"]
        ]
    signed = Account.sign_transaction(theirs, key)
    if fields["type"] == 0:
        items = [fields["nonce"], fields["gas_price"], fields["gas"], bytes.fromhex(fields["to"][2:]),
                 fields["value"], bytes.fromhex(fields["data"][2:]), fields["chain_id"], 0, 0]
        unsigned = rlp.encode(items)
        digest = keccak(unsigned)
    else:
        body = rlp.decode(bytes(signed.raw_transaction)[1:])
        unsigned = bytes([fields["type"]]) + rlp.encode(body[:-3])
        digest = TypedTransaction.from_dict(theirs).hash()
        assert digest == keccak(unsigned)
    ours = {name: number(value) if isinstance(value, int) else value for name, value in fields.items()}
    digest = "0x" + bytes(digest).hex()
    emit(name, key, {"transaction": ours, "raw": "0x" + unsigned.hex()}, signed, digest)


def fees(kind):
    price = RANDOM.choice([0, 1, 127, 128, 20 * 10**9, 300 * 10**9])
    if kind == 2:
        return {"max_fee_per_gas": price + 5, "max_priority_fee_per_gas": RANDOM.choice([0, 5])}
    return {"gas_price": price}


def calls(wallet):
    yield "native", address(), RANDOM.choice([1, 127, 128, 10**18]), "0x"
    yield "cancel", wallet, 0, "0x"
    yield "token", USDC, 0, call("transfer(address,uint256)", address(), RANDOM.randrange(2**64))
    yield "token-from", USDC, 0, call("transferFrom(address,address,uint256)", wallet, address(), 5)
    yield "approve", USDC, 0, call("approve(address,uint256)", address(), 10**6)
    yield "approve-all", USDC, 0, call("approve(address,uint256)", address(), 2**256 - 1)
    yield "revoke", USDC, 0, call("approve(address,uint256)", address(), 0)
    yield "increase", USDC, 0, call("increaseAllowance(address,uint256)", address(), 10**6)
    yield "wrap", WETH, 10**18, call("deposit()")
    yield "unwrap", WETH, 0, call("withdraw(uint256)", 10**18)
    yield "wrapped", WETH, 0, call("transfer(address,uint256)", address(), 10**18)
    yield "call", address(), 3, call("multicall(uint256)", 1)


def typed(name, key, domain, types, primary, message):
    data = {"types": types, "primaryType": primary, "domain": domain, "message": message}
    signable = encode_typed_data(full_message=data)
    signed = Account.sign_message(signable, key)
    digest = keccak(b"\x19" + signable.version + signable.header + signable.body)
    emit(name, key, {"typed_data": data}, signed, "0x" + digest.hex())


def fields(*listed):
    return [{"type": one.split()[0], "name": one.split()[1]} for one in listed]


DOMAIN = fields("string name", "string version", "uint256 chainId", "address verifyingContract")
PERMIT = fields("address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline")
PAYMENT = fields("address from", "address to", "uint256 value", "uint256 validAfter", "uint256 validBefore", "bytes32 nonce")
SINGLE = fields("PermitDetails details", "address spender", "uint256 sigDeadline")
DETAILS = fields("address token", "uint160 amount", "uint48 expiration", "uint48 nonce")
FROM = fields("TokenPermissions permitted", "address spender", "uint256 nonce", "uint256 deadline")
PERMISSIONS = fields("address token", "uint256 amount")


def all_typed(key, wallet):
    usdc = {"name": "USD Coin", "version": "2", "chainId": 1, "verifyingContract": USDC}
    permit2 = {"name": "Permit2", "chainId": 1, "verifyingContract": PERMIT2}
    bare = [DOMAIN[0], *DOMAIN[2:]]
    for value in (0, 10**6, 2**256 - 1):
        typed("permit", key, usdc, {"EIP712Domain": DOMAIN, "Permit": PERMIT}, "Permit",
              {"owner": wallet, "spender": address(), "value": str(value), "nonce": 3, "deadline": 1800000000})
    typed("payment", key, usdc, {"EIP712Domain": DOMAIN, "TransferWithAuthorization": PAYMENT}, "TransferWithAuthorization",
          {"from": wallet, "to": address(), "value": "10000", "validAfter": "0", "validBefore": "1800000000",
           "nonce": "0x" + RANDOM.randbytes(32).hex()})
    for amount in (10**6, 2**160 - 1):
        typed("permit2", key, permit2, {"EIP712Domain": bare, "PermitSingle": SINGLE, "PermitDetails": DETAILS}, "PermitSingle",
              {"details": {"token": WETH, "amount": str(amount), "expiration": 1800000000, "nonce": 0},
               "spender": address(), "sigDeadline": "1790000000"})
    typed("permit2-from", key, permit2, {"EIP712Domain": bare, "PermitTransferFrom": FROM, "TokenPermissions": PERMISSIONS},
          "PermitTransferFrom",
          {"permitted": {"token": USDC, "amount": "25"}, "spender": address(),
           "nonce": str(RANDOM.randrange(2**256)), "deadline": 1800000000})


def main():
    transaction("eip-155", "0x" + "46" * 32, {
        "type": 0, "chain_id": 1, "nonce": 9, "gas_price": 20 * 10**9, "gas": 21000,
        "to": "0x" + "35" * 20, "value": 10**18, "data": "0x",
    })
    for count in range(1, 4):
        key = "0x" + count.to_bytes(32, "big").hex()
        wallet = Account.from_key(key).address
        for kind in (0, 1, 2):
            for name, to, value, data in calls(wallet):
                listed = {} if kind == 0 else {"access_list": [
                    {"address": address(), "storage_keys": ["0x" + RANDOM.randbytes(32).hex() for _ in range(RANDOM.randrange(3))]}
                    for _ in range(RANDOM.randrange(3))
                ]}
                transaction(name, key, {
                    "type": kind, "chain_id": RANDOM.choice([1, 1337]) if name in ("native", "cancel", "call") else 1,
                    "nonce": RANDOM.choice([0, 1, 127, 128, 2**32]), **fees(kind),
                    "gas": RANDOM.choice([21000, 100000]), "to": to, "value": value, "data": data, **listed,
                })
        all_typed(key, wallet)


main()
