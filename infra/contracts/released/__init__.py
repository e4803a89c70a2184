"""Every schema ever published, one file a version: `<name>.v<major>[.<minor>].json`. Files are added, never changed."""
