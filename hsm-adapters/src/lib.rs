//! HSM devices behind one contract
