//! tamper-evident log: leaves, tree, checkpoints, proofs
