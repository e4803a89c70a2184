-- Records of people who were recorded twice: a search also finds whoever is known by a name or telephone of the other record.
CREATE INDEX log_of_merged ON log (originator_id) WHERE topic = 'records_merged';
