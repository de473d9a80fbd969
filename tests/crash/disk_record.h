// See disk_record.c. Does nothing where the environment does not ask for a record.
#pragma once

// When the process starts.
void StartDiskRecord(void);

// Around a counted call, one call at a time: `synced` is the descriptor that it syncs, or -1.
void BeforeDiskCall(int synced);
void AfterDiskCall(int synced, long result);
