-- Whoever names a liaison counts what was recorded since the read models' position, in whichever process.
CREATE INDEX log_of_liaisons ON log (position) WHERE topic = 'liaison_assigned';
