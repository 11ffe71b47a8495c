throw new Error('the contract of the checkup cannot be read')
