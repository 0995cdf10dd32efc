"""The steps from one format of a store to the next: see `moiety.custody.store.versions`."""
