import ArgumentParser
struct SimulateCommand: ParsableCommand {}
