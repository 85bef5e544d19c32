//! Placeholder head; replaced by the room's owner.
