xdg-open answer/report.html
ls answer answer/figures
