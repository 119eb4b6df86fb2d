// swift-tools-version: 6.1
import PackageDescription

// Times the Fitting module alone, for tools/bench-fit.
let package = Package(
  name: "fit-bench",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "tracemill", path: "../..")],
  targets: [
    .executableTarget(
      name: "fit-bench",
      dependencies: [
        .product(name: "Fitting", package: "tracemill"),
        .product(name: "Workload", package: "tracemill"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
