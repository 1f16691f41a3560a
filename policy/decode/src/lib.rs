//! hostile bytes to typed intents
