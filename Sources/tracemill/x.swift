import ArgumentParser
struct InspectCommand: ParsableCommand {}
struct SimulateCommand: ParsableCommand {}
