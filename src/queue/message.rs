//! A message, as it is given to be sent.

use std::fmt;

use time::OffsetDateTime;

/// A message to be sent. The body is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same message sent twice has the same id.
    pub id: MessageId,
    /// What the message is, for whoever looks into the queue: `subject` in AMQP, `Label` in older tools.
    pub subject: String,
    /// What it answers.
    pub correlation: Option<String>,
    /// Before this time nobody receives it.
    pub not_before: Option<OffsetDateTime>,
    /// JSON, in UTF-8.
    pub body: Vec<u8>,
}

/// A message's id: 1 to 128 characters, which is what Service Bus takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

impl MessageId {
    /// The longest id that Service Bus takes, in characters.
    pub(crate) const LENGTH_MAX: usize = 128;

    /// The id; what is too long for Service Bus is cut.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.chars().take(Self::LENGTH_MAX).collect())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
