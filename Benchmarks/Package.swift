// swift-tools-version: 6.1
import PackageDescription

// Benchmarks stand apart, so that the package itself needs nothing for them.
let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "tracemill", path: "..")],
  targets: [
    .executableTarget(
      name: "bench-sim",
      dependencies: [
        .product(name: "Simulation", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
      ]),
    .executableTarget(
      name: "bench-generate",
      dependencies: [
        .product(name: "Generation", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
      ]),
    .executableTarget(
      name: "bench-draw",
      dependencies: [
        .product(name: "Fitting", package: "tracemill"),
        .product(name: "Generation", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
      ]),
    .executableTarget(
      name: "bench-marl",
      dependencies: [
        .product(name: "MARL", package: "tracemill"),
        .product(name: "Generation", package: "tracemill"),
        .product(name: "Simulation", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
      ]),
    .executableTarget(
      name: "bench-replay",
      dependencies: [
        .product(name: "TraceParsing", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
