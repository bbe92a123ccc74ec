"""What all searches share: functions of one vector, how a method is run, foreign keywords."""
