//! end-to-end tests on real SoftHSM2, TLS and SVM
