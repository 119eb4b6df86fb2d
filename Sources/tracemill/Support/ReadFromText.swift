import ArgumentParser

/// What an option is read as by the initializer that reads it anywhere else.
public protocol ReadFromText {
  init?(_ text: String)
}

extension ExpressibleByArgument where Self: ReadFromText {
  public init?(argument: String) { self.init(argument) }
}
