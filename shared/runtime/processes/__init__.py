"""Worker processes and the embedded broker: started, watched and ended."""
