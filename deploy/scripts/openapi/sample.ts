// A client's first lines in the generated types: compiled, not run.
import type { components, operations } from "./api";

type Answer = components["schemas"]["SignedAnswer"];

export function signature(answer: Answer): string | undefined {
  switch (answer.decision) {
    case "allow":
      // Of Solana a text, of chains of Ethereum three numbers.
      return typeof answer.signature === "string" ? answer.signature : undefined;
    case "approval_required":
      throw new Error(`${answer.quorum} of ${answer.group} decide about ${answer.request_id}`);
    case "deny":
      throw new Error((answer.reasons ?? []).map((reason) => reason.message).join("; "));
  }
}

export function cursor(
  page: components["schemas"]["WalletPage"],
): operations["listWallets"]["parameters"]["query"] {
  return { cursor: page.next, limit: 500 };
}

export const headers: operations["createUser"]["parameters"]["header"] = {
  "Idempotency-Key": "onboarding-1",
};
