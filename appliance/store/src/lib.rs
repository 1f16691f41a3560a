//! durable state
