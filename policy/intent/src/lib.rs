//! shared nouns: ids, money, effects, intents, canonical bytes
