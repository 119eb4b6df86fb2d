extension PresetProfile { static let google2011 = "" }
