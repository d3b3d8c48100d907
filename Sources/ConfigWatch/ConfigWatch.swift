// ConfigWatch
