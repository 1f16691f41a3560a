//! countersignd, the signing appliance
