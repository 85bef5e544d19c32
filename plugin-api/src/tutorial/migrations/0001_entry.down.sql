DROP TABLE guestbook_entry;
