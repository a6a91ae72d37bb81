def resume(): pass
def shutdown(): pass
