//! Looking through a whole queue, within bounds.

use crate::queue::service_bus::{LookError, PEEKED_MAX, Peeked, QueuePath, ServiceBus};

/// What a look through a queue found.
pub(super) struct Look {
    pub(super) messages: Vec<Peeked>,
    /// There may be more than were looked at.
    pub(super) more: bool,
}

/// Looks at up to `most` messages, oldest first.
pub(super) async fn through(bus: &ServiceBus, path: QueuePath, most: usize) -> Result<Look, LookError> {
    let mut look = Look { messages: Vec::new(), more: false };
    let mut from = 0;
    loop {
        // One more than asked for tells whether there are more.
        let wanted = (most + 1 - look.messages.len()).min(PEEKED_MAX);
        let page = bus.peek(path, from, wanted).await?;
        let Some(last) = page.iter().map(|message| message.sequence_number).max() else { return Ok(look) };
        // Who repeats what was asked for already would be asked for ever.
        if last < from {
            return Ok(look);
        }
        from = last + 1;
        look.messages.extend(page);
        if look.messages.len() > most {
            look.messages.truncate(most);
            look.more = true;
            return Ok(look);
        }
    }
}
