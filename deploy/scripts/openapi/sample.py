"""A client's first lines in the generated types: checked, and imported."""

from countersign_client import Client
from countersign_client.api.sign import sign_solana
from countersign_client.models import Allowed, ApprovalRequired, Denied, SignSolana


def signature(client: Client, wallet: str, message: str, key: str) -> str:
    body = SignSolana(wallet_id=wallet, message=message)
    answer = sign_solana.sync(client=client, body=body, idempotency_key=key)
    if isinstance(answer, Allowed):
        return str(answer.signature)
    if isinstance(answer, ApprovalRequired):
        raise PermissionError(f"{answer.quorum} of {answer.group} decide about {answer.request_id}")
    if isinstance(answer, Denied):
        raise PermissionError(answer.decision)
    if answer is None:
        raise ConnectionError("an answer that the document does not have")
    raise PermissionError(f"{answer.code}: {answer.detail}")
