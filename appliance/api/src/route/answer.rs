//! Answers that are no problems.

/// What an answer's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// There is none.
    Nothing,
    /// JSON of the schema with this name.
    One(&'static str),
    /// A page of a list of these.
    Page(&'static str),
    /// The OpenAPI document.
    Document,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub content: Content,
}

/// 200 with a schema.
pub(super) const fn ok(schema: &'static str) -> Answer {
    Answer {
        status: 200,
        content: Content::One(schema),
    }
}

/// 200 with a page of a list.
pub(super) const fn page(schema: &'static str) -> Answer {
    Answer {
        status: 200,
        content: Content::Page(schema),
    }
}

/// 204: done, and nothing to tell.
pub(super) const DONE: Answer = Answer {
    status: 204,
    content: Content::Nothing,
};

/// 202: a change that waits for people.
pub(super) const PENDING: Answer = Answer {
    status: 202,
    content: Content::One("PendingChange"),
};

/// 202: a signature that waits for people.
pub(super) const HELD: Answer = Answer {
    status: 202,
    content: Content::One("ApprovalRequired"),
};

/// 200 with the OpenAPI document.
pub(super) const DOCUMENT: Answer = Answer {
    status: 200,
    content: Content::Document,
};
