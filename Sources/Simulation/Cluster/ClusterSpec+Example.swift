extension ClusterSpec {
  /// A cluster file with every key and what it means.
  public static let example = """
    # A cluster for Tracemill: groups of like machines. A range [least, greatest] is drawn uniformly for each
    # machine, anew under every seed; a single number is the same for all.
    groups:
      - name: compute # no meaning; for readers
        count: 40
        cores: 16
        memoryGiB: 64
        # What follows may be left out.
        speed: 1 # run times are divided by it; 1 if left out
        # A resource that no group gives is not modelled: nobody waits for it.
        # diskGiB: 500
        # gpus: 4
        # Power in watts; 0 if left out, and then there is no energy.
        idleWatts: 100
        dynamicWatts: 150 # on top when all cores are claimed
        # powerCurve: [0, 0.5, 0.8, 1] # shares of it at equal steps of load; a straight line if left out
        # Sleep: an empty machine falls asleep after so long, and takes so long to wake.
        sleepAfterSeconds: 300
        sleepWatts: 8
        wakeSeconds: 30
      - name: mixed
        count: 10
        cores: [8, 32]
        memoryGiB: [32, 128]
        speed: [0.8, 1.2]
        idleWatts: [60, 120]
        dynamicWatts: [80, 200]

    """
}
