//! Reads a whole queue, within bounds, and leaves everything in it.

use crate::queue::service_bus::{PEEKED_MAX, PeekError, Peeked, QueuePath, ServiceBus};

/// What is in a queue.
pub(super) struct QueueRead {
    pub(super) messages: Vec<Peeked>,
    /// There may be more than were read.
    pub(super) more: bool,
}

/// Reads up to `most` messages, oldest first.
pub(super) async fn messages(bus: &ServiceBus, path: QueuePath, most: usize) -> Result<QueueRead, PeekError> {
    let mut read = QueueRead { messages: Vec::new(), more: false };
    let mut from = 0;
    loop {
        // One more than asked for shows whether there are more.
        let wanted = (most + 1 - read.messages.len()).min(PEEKED_MAX);
        let page = bus.peek(path, from, wanted).await?;
        let Some(last) = page.iter().map(|message| message.sequence_number).max() else { return Ok(read) };
        // Who repeats what was asked for already would be asked for ever.
        if last < from {
            return Ok(read);
        }
        from = last + 1;
        read.messages.extend(page);
        if read.messages.len() > most {
            read.messages.truncate(most);
            read.more = true;
            return Ok(read);
        }
    }
}
