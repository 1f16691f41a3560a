//! wire types, error codes, OpenAPI
