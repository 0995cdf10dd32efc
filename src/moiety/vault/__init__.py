"""Who a person is: identifiers, records, legal basis and retention, sealed under keys that this folder never keeps."""
